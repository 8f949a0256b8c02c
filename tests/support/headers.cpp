// The precompiled header of all tests with LibTorch is made for this file.
