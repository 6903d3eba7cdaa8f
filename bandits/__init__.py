"""Problems and learners: who sets the losses, what is revealed, how to act. Start with `bandits.protocol`."""
