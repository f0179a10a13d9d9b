from .doctor import DoctorService as DoctorService
from .doctor import EnvironmentGate as EnvironmentGate
from .doctor import examine as examine
from .fields import FieldMaker as FieldMaker
