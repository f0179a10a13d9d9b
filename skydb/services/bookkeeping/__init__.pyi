from .custody import BackupKind as BackupKind
from .custody import back_up as back_up
from .custody import make_reader as make_reader
from .dbcopy import copy_database as copy_database
from .notes import BooksService as BooksService
from .retention import RetentionService as RetentionService
from .todo import StatusBy as StatusBy
from .todo import TodoService as TodoService
