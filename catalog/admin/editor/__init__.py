"""The editor: the form in plain words over a draft's text, what stands beside it, and how it is saved."""
