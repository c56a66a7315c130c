"""The pool: whoever asks it gets an answer while any account can give one."""
