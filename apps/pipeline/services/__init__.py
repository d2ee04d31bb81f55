"""Decisions of the pipeline: `runs` begins and ends work, `claims` says who holds a stage, `flow` what comes next."""
