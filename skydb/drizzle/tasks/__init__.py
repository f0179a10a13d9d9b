"""Tasks of the subprocess: the only importer of drizzlepac, stwcs and skypac.

Every module has ``run(request, scratch)``, which works on a list of jobs, each
in its own directory below the scratch directory, and returns what is JSON-able.
Importing drizzlepac takes 3 s, so one subprocess does many jobs.
"""
