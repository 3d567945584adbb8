"""Neurocore: a knowledge base of neurosurgical literature, with search by meaning and chapters with citations."""
