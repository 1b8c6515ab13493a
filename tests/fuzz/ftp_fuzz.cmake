# SPDX-License-Identifier: Apache-2.0
sluice_fuzz(ftp_fuzz SOURCES ${CMAKE_CURRENT_SOURCE_DIR}/ftp_fuzz.cc DEPS sluice_app)
