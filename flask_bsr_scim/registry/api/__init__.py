"""The admin API: services of the package `buf.alpha.registry.v1alpha1` over Connect.

`proto/` has what clients see, `gen/` the code that `make proto` makes of it, the modules here do what it says.
"""
