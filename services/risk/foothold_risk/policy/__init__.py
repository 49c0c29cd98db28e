"""Policy bundles: YAML files with every number dated and referenced, and the loader that refuses what is not clear."""
