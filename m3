weld-ld: error: cannot open @response.txt: No such file or directory
