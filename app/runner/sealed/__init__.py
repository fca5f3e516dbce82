"""What runs inside the sealed process. Nothing here imports the rest of the application: it is loaded by folder."""
