"""Evaluation of models through the product's own path."""
