"""The craft: from keywords to a clean image dataset, knowing nothing of Azure."""
