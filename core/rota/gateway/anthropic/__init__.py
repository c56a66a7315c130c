"""The Anthropic dialect: `messages` bodies in, the neutral form, and answers back out."""
