"""The OpenAI dialect: `chat/completions` bodies in, the neutral form, and answers back out."""
