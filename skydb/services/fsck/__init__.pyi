from .service import FsckService as FsckService
