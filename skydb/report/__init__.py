"""Tables, figures and HTML pages, made from plain tables and mosaics already on disk.

Nothing here opens a database or measures anything: a figure is a function that
makes data and a function that draws it, a page is a list of blocks.
"""
