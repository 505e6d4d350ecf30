/* An empty library: mediasoup wants a static library of each dependency, the system has a shared one. */
