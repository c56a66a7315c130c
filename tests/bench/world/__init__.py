"""A simulated world for strategies: weeks of demand, accounts with true quota, prompt caches, other spenders."""
