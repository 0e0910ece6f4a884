"""Real coding tools against a real catalog: `python -m tests.clients`.

Each is installed from its registry, in the version pinned in `tools`, and gets a throw-away home without a login.
Nothing but this machine is asked meanwhile. Not of the suite that pytest collects: it needs npm and PyPI.
"""
