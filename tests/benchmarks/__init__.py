"""What the catalog costs, as ratios of things measured side by side in one run: `python -m tests.benchmarks`."""
