# SPDX-License-Identifier: Apache-2.0
sluice_fuzz(form_fuzz SOURCES ${CMAKE_CURRENT_SOURCE_DIR}/form_fuzz.cc DEPS sluice_app)
