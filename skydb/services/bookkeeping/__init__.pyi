from .dbcopy import copy_database as copy_database
from .notes import BooksService as BooksService
from .retention import RetentionService as RetentionService
from .todo import StatusBy as StatusBy
from .todo import TodoService as TodoService
