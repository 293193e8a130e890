"""Access: clients and their keys; grants, masks and disclosures belong here too."""
