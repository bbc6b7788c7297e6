"""Reports: rows of numbers first, then the pages and figures that are drawn from them."""
