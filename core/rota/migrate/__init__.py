"""Import from other tools: what is on this machine, what would become of it, and the way back.

One module a source finds and reads; `plan.py` decides without writing; `apply.py` does and undoes it.
"""
