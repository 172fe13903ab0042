"""Services as processes: without this folder there would be need and nobody who helped."""
