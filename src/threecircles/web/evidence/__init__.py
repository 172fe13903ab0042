"""The half for everybody: files of `release/` and nothing else."""
