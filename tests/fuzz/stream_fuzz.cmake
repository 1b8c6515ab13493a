# SPDX-License-Identifier: Apache-2.0
sluice_fuzz(stream_fuzz SOURCES stream_fuzz.cc DEPS sluice_stream)
