"""One retention rule a file; the file is named like its key in `[retention]`."""
