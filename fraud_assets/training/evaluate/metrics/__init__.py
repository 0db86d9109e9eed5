"""How good a model is: one metric a module, each a pure function of what happened and what was scored."""
