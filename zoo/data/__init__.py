"""The data room: real data sets that ship with the zoo, and readers for the user's own files.

NumPy only. One module per kind of data (`images`, `series`, `labelled_series`, `text`, `pairs`),
`ts_file` for one format, `vocabulary` for token ids, `batches` for buckets and seeds, `sources` for
where each shipped extract comes from.
"""
