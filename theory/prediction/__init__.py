"""Theory of predictions: advice in paging, mixtures under log loss, selection by a proxy."""
