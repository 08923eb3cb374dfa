"""An image cache handler for disk pools that SQLite catalogues."""
