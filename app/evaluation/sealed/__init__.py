"""Programs whose text is sent into one-shot runs; nothing in here is imported by the application."""
