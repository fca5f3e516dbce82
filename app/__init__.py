"""CodeGen Playground: a notebook that writes, runs and refines code with its user."""
