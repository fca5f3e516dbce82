"""Corpora, dialogues, pre-training and fine-tuning."""
