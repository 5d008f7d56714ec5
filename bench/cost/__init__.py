"""What building a dataset costs: counted on the whole local stack, times a table of prices."""
