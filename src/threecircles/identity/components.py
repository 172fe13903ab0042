"""Which things hang together: without one place for it three modules would each load the graph library."""

from __future__ import annotations

import numpy as np


def components(a: np.ndarray, b: np.ndarray, n: int) -> np.ndarray:
    """The number of the connected component of each of n things, from edges a[i]-b[i]."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    graph = coo_array((np.ones(len(a), bool), (a, b)), shape=(n, n))
    return connected_components(graph, directed=False)[1]
