"""The installer, as it is served and run."""
