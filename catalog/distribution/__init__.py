"""How tools and people take agents away from the catalog, many at once. Imports `models`, `definition`, `downloads`."""
