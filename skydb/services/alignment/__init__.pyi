from .accept import AcceptService as AcceptService
from .align import AlignService as AlignService
from .header_writes import HeaderService as HeaderService
from .solution_diff import WcsDiffService as WcsDiffService
from .solution_diff import distortion_of as distortion_of
from .solution_diff import distortions_apart as distortions_apart
from .wcs_ledger import WcsLedgerService as WcsLedgerService
