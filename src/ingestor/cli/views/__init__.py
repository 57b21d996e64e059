"""What commands show, apart from how they find it."""
