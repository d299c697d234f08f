"""Long recordings cut into a data set of files."""
