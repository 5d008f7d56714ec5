"""Checks of infra/ that need no Azure: what a Bicep compiler would refuse, and the rules of this project's own."""
