"""Metrics of a path beside which theorems on it are checked: certificates, and regret to a comparator that moves."""
