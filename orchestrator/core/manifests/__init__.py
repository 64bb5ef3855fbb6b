"""A fleet as Kubernetes objects: plain dicts, the same each time for the same plan.

They are decided here rather than written by a view: what is printed for Git, applied by `up` and reconciled by an
operator is one value.
"""
