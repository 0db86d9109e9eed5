"""The benchmark suite: every module with ``run()`` measures one figure and states its goal."""
