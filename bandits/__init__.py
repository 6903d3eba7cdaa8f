"""Problems (losses and feedback) and learners. Start with `bandits.protocol`."""
