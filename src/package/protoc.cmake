# Runs protoc-c, without what newer versions report at each file about their own name.
#   cmake -DPROTOC_C=program -DOUT=folder -DPROTO=file -P protoc.cmake
get_filename_component(dir ${PROTO} DIRECTORY)
execute_process(COMMAND ${PROTOC_C} --c_out=${OUT} -I${dir} ${PROTO} RESULT_VARIABLE result ERROR_VARIABLE errors)
string(REGEX REPLACE "`protoc-c` is deprecated[^\n]*\n?" "" errors "${errors}")
if(result)
  message(FATAL_ERROR "${PROTO}: ${errors}")
elseif(NOT errors STREQUAL "")
  message("${errors}")
endif()
