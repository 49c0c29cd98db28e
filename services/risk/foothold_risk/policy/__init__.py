"""Policy bundles, and the loader that refuses what is not clear.

They are YAML files with every number dated and referenced.
"""
