"""Data of a workspace: datastores on storage of any owner, and folders of the checkout as data assets.

`account` is the storage account under a datastore, `credentials` how it is got into.
"""
