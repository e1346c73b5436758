"""Products with SKU, barcodes, unit and VAT rate.

Sees accounts, history, ui, lib. Orders match their lines against it.
"""
