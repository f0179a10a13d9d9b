"""Where the work of sky runs is done: in processes of this machine, or on a cluster."""
