"""For authors of labs: skeletons from the annotated solution, and expectations from running it."""
